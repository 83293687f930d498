from django.middleware.common import CommonMiddleware

from pixeltrack.problems import is_for_programs


class SlashMiddleware(CommonMiddleware):
    """Django's own, which adds the slash that is missing at the end of an address.

    Of the API, to readers only: a client follows the redirect of a POST with a GET, and takes
    the list that it gets for its success. It is told that there is nothing, and why.
    """

    def should_redirect_with_slash(self, request):
        reads = request.method in ("GET", "HEAD")
        may = reads or not is_for_programs(request.path)
        return may and super().should_redirect_with_slash(request)
