SELECT provider, title FROM providers_now
