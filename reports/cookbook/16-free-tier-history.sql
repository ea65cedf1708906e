-- How has one free tier changed since 2018?
SELECT as_stated, term, before, after, source_url
FROM free_tier_history
WHERE provider = 'google_colab' AND tier = 'Free'
ORDER BY stated_at, term
