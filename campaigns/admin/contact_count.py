"""How many contacts a group has, at a price that doesn't grow with the group."""

from django.db.models import Case, Count, IntegerField, OuterRef, QuerySet, Subquery, Value, When
from django.db.models.functions import Coalesce

from accounts.paginator import BoundedPaginator
from campaigns.models import Contact, Group

MOST = BoundedPaginator.MOST


def with_contact_count(groups: QuerySet) -> QuerySet:
    """Annotates `contact_count`: exact up to MOST, and MOST + 1 for "more than that".

    One step into the index tells the big groups; only the others are counted.
    """
    own = Contact.objects.filter(group=OuterRef("pk")).order_by()
    one_too_many = own.values("pk")[MOST : MOST + 1]
    counted = own.values("group").annotate(number=Count("*")).values("number")
    return groups.annotate(
        one_too_many=Subquery(one_too_many),
        contact_count=Case(
            When(one_too_many__isnull=False, then=Value(MOST + 1)),
            default=Coalesce(Subquery(counted, output_field=IntegerField()), 0),
        ),
    )


def contact_count_text(groups: list[Group]) -> str:
    """The contacts of groups that carry `contact_count`: "1,234", or "5,000+"."""
    number = sum(min(group.contact_count, MOST) for group in groups)
    more = any(group.contact_count > MOST for group in groups)
    return f"{number:,}{'+' if more else ''}"
