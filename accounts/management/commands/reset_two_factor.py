from django.core.management.base import BaseCommand, CommandError

from accounts.models import User
from accounts.two_factor.device import turn_off


class Command(BaseCommand):
    help = "Turns off the two-factor login of somebody who has lost their phone and backup codes."

    def add_arguments(self, parser):
        parser.add_argument("username")

    def handle(self, *, username, **options):
        user = User.objects.filter(username=username).first()
        if user is None:
            raise CommandError(f"There is no user {username}.")
        turn_off(user)
        self.stdout.write(f"The two-factor login of {username} is off.")
