from django.db import models, transaction
from rest_framework import serializers

from accounts.scope import Conflict, ScopedField
from campaigns.models import Contact, ErasedAddress, Group, Pixel
from campaigns.serializers.row import RowSerializer


class PixelSerializer(RowSerializer):
    unique_field = "number"
    fixed_field = "contact"
    MOST = 100

    contact = ScopedField(
        queryset=Contact.objects.all(),
        style={"base_template": "input.html"},  # a list of a million contacts helps nobody
    )
    number = serializers.IntegerField(
        min_value=1,
        max_value=MOST,
        required=False,
        help_text="1: top of the mail. The next free number, unless you say.",
    )
    url = serializers.URLField(read_only=True)
    html = serializers.CharField(read_only=True, help_text="To paste into the mail.")

    class Meta:
        model = Pixel
        fields = ("id", "contact", "number", "uuid", "url", "html")
        read_only_fields = ("uuid",)
        validators = []

    def validate(self, attrs):
        if not self.instance and "number" not in attrs:
            last = attrs["contact"].pixels.aggregate(last=models.Max("number"))["last"] or 0
            if last >= self.MOST:
                raise serializers.ValidationError(
                    {"number": f"The contact has pixel {self.MOST} already. Name a free number."},
                    code="max_value",
                )
            attrs["number"] = last + 1
        if self.instance and attrs.get("number", self.instance.number) != self.instance.number:
            raise serializers.ValidationError(
                {"number": "A pixel that is out in a mail keeps its number. Make another one."},
                code="immutable",
            )
        return super().validate(attrs)

    def create(self, validated_data):
        own = Contact.objects.filter(pk=validated_data["contact"].pk)
        with own.changing_pixels():
            return super().create(validated_data)


class ContactSerializer(RowSerializer):
    unique_field = "email"
    fixed_field = "group"

    group = ScopedField(queryset=Group.objects.select_related("campaign"))
    pixels = PixelSerializer(many=True, read_only=True)

    class Meta:
        model = Contact
        fields = (
            "id",
            "group",
            "email",
            "name",
            "external_id",
            "scheduled_at",
            "sent_at",
            "extra",
            "created_at",
            "erased_at",
            "pixels",
        )
        read_only_fields = ("extra",)
        validators = []

    def validate(self, attrs):
        if self.instance and self.instance.erased_at:
            raise Conflict(
                "This person was erased, and the contact only counts. Make another contact.",
                "erased",
            )
        return super().validate(attrs)

    def clean_row(self, contact):
        # One from before a rule that refuses its address may be changed elsewhere all the same.
        if self.instance and contact.email == self.instance.email:
            contact.clean_erasure()
        else:
            super().clean_row(contact)

    def create(self, validated_data):
        return Contact.objects.schedule(**validated_data)

    @transaction.atomic
    def update(self, contact, validated_data):
        was = contact.lock()
        contact = super().update(contact, validated_data)
        if "email" in validated_data:
            contact.refuse_erased_address()
        contact.settle(was)
        return contact


class ErasedAddressSerializer(serializers.ModelSerializer):
    class Meta:
        model = ErasedAddress
        fields = ("id", "team", "erased_at")
        read_only_fields = fields
