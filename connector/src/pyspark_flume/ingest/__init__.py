"""What fills a landing log: take events in, recognise lines that are sent again, store the rest."""
