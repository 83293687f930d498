from django.contrib.admin.views.decorators import staff_member_required
from django.shortcuts import get_object_or_404, render
from django.views.decorators.cache import never_cache

from campaigns.letter import letter
from campaigns.models import Contact


@never_cache
@staff_member_required
def sample_mail(request, contact_id):
    """The mail that this contact would get. Its pixels are real ones, and whoever looks counts."""
    contacts = Contact.objects.of(request.user).select_related("group__campaign__team")
    contact = get_object_or_404(contacts, pk=contact_id)
    images = [pixel.html for pixel in contact.pixels.order_by("number")]
    return render(request, "campaigns/sample_mail.html", letter(contact, images))
