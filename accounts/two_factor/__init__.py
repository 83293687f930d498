"""A second proof at every login with a password that makes a session: a code from an app (TOTP), or
one of the backup codes. django-otp keeps the devices; what a session may do follows from them.

`ADMIN_TWO_FACTOR` says whether there is any of it: off, optional, or required of staff. Tokens and
API keys are not concerned.
"""
