def PixelMiddleware(get_response):
    return get_response
