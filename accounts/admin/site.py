from django.contrib import admin

from accounts.forms import AdminLoginForm

admin.site.site_header = admin.site.site_title = "PixelTrack"
admin.site.site_url = None  # there is no other site to view
admin.site.enable_nav_sidebar = False  # the lists need the room
admin.site.index_title = "Campaigns and who opened them"
admin.site.login_form = AdminLoginForm
