from rest_framework import serializers

from campaigns.render import MOST


class HtmlSerializer(serializers.Serializer):
    """The HTML part of a mail."""

    # As it is: not even the spaces around it are ours to cut.
    html = serializers.CharField(trim_whitespace=False, max_length=MOST)
