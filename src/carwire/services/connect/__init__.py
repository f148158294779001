"""Connect: from an application's request to an owner's approval, page by page."""
