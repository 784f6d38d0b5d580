"""A release that answers raw rows: alone, over HTTP, and for files.

This room is copied into every release folder as the package ``answer``. It therefore imports only the
standard library, numpy, onnxruntime, msgspec and uvicorn, and its modules import each other relatively.
"""
