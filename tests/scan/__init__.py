"""What security scanners report about the registered resources."""
