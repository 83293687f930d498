from django.contrib import admin
from rest_framework_simplejwt.token_blacklist.models import BlacklistedToken, OutstandingToken

admin.site.site_header = admin.site.site_title = "PixelTrack"
admin.site.site_url = None  # there is no other site to view
admin.site.enable_nav_sidebar = False  # the lists need the room
admin.site.index_title = "Campaigns and who opened them"
# Refresh tokens are kept in clear: nothing to show on a page.
admin.site.unregister([BlacklistedToken, OutstandingToken])
