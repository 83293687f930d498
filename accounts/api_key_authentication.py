from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed

from accounts.models import ApiKey
from accounts.principal import ApiKeyPrincipal

SCHEME = "Api-Key"


class ApiKeyAuthentication(BaseAuthentication):
    """`Authorization: Api-Key <prefix>.<secret>`. Whatever is wrong with it, the answer is 401."""

    def authenticate(self, request):
        scheme, _, text = get_authorization_header(request).decode("latin-1").partition(" ")
        if scheme.lower() != SCHEME.lower():
            return None
        key = ApiKey.objects.usable(text.strip())
        if key is None:
            raise AuthenticationFailed(
                "The API key is not valid: mistyped, revoked or run out. A manager of the team "
                "makes another one at /api/api-keys/.",
                "api_key_not_valid",
            )
        key.note_use()
        return ApiKeyPrincipal(key), key

    def authenticate_header(self, request):
        return SCHEME


class ApiKeyScheme(OpenApiAuthenticationExtension):
    """Names the scheme in the API's schema."""

    target_class = ApiKeyAuthentication
    name = "apiKey"

    def get_security_definition(self, auto_schema):
        return {
            "type": "apiKey",
            "in": "header",
            "name": "Authorization",
            "description": "For servers: `Api-Key <prefix>.<secret>`, as POST /api/api-keys/ "
            "told it once.",
        }
