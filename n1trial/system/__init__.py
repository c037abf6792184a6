"""What the operating system is asked for: files written whole, work in parallel, and arguments as callers give them."""
