"""What fills a landing log: takes events in, recognises lines that come again, and stores them."""
