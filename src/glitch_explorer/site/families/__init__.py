"""The atlas: a page for each family, and the page that lists them."""
