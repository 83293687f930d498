from tracking.hit import PIXEL_PATH
from tracking.views import pixel


class PixelMiddleware:
    """Answers pixels before any other middleware, as the express lane does.

    The others would redirect (to HTTPS), refuse (an unlisted Host) or add headers. The URL map
    names the same view, for `reverse()`.
    """

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        match = PIXEL_PATH.fullmatch(request.path_info)
        return pixel(request, match["token"]) if match else self.get_response(request)
