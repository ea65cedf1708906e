"""One Scrapy crawl over many jobs, in a process of its own; see scrapers.crawl.client for the other side.

Each job is a coroutine that asks one request after the other; Scrapy's downloader and the middlewares
here do what every request needs: the address is checked, robots.txt obeyed, a failure tried again, and
the answer archived before anything reads it.
"""
