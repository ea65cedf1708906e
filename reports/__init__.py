"""The site: gold views -> static pages that open from disk."""
