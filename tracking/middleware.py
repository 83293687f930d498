from tracking.hit import PIXEL_PATH
from tracking.page_views.track import GIF_PATH, TRACK_PATH
from tracking.page_views.views import gif, track
from tracking.views import pixel

PAGE_VIEWS = {TRACK_PATH: track, GIF_PATH: gif}


class HitMiddleware:
    """Answers hits before any other middleware, as the express lane does.

    The others would redirect (to HTTPS), refuse (an unlisted Host) or add headers. The URL map
    names the same views, for `reverse()`.
    """

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        if match := PIXEL_PATH.fullmatch(request.path_info):
            return pixel(request, match["token"])
        view = PAGE_VIEWS.get(request.path_info, self.get_response)
        return view(request)
