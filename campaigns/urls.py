from django.urls import path

from campaigns.views import sample_mail

urlpatterns = [path("<int:contact_id>/", sample_mail, name="sample-mail")]
