from django.db import models

from campaigns.models.campaign import Group


class GroupScopedQuerySet(models.QuerySet):
    """For big tables whose rows belong to groups."""

    group_path = "group"  # from a row to its group

    def of(self, user):
        """The rows that the user may see: all for a superuser, else those of their teams. What
        is being removed is in nobody's sight.

        The user's groups are looked up first and named in the query. Where it joins them, MySQL
        begins with the groups, reads all that they hold and sorts it: 3.3 s for a page among
        200,000 openings, against 9 ms.
        """
        if user.is_superuser:
            return self.in_sight()
        groups = Group.objects.of(user).values_list("pk", flat=True)
        return self.filter(**{f"{self.group_path}__in": list(groups)})

    def in_sight(self):
        """Without the rows of groups that are being removed; by their ids, too."""
        hidden = list(Group.everything.exclude(removal=None).values_list("pk", flat=True))
        return self.exclude(**{f"{self.group_path}__in": hidden}) if hidden else self
