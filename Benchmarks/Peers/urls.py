"""A view that nobody guards, and the same one behind each peer's own permission."""

from django.urls import path
from keysmith.drf.auth import KeysmithAuthentication
from keysmith.drf.permissions import RequireKeysmithToken
from rest_framework.authentication import TokenAuthentication
from rest_framework.permissions import AllowAny, IsAuthenticated
from rest_framework.response import Response
from rest_framework.views import APIView
from rest_framework_api_key.permissions import HasAPIKey


class Ping(APIView):
    def get(self, request):
        return Response({})


def ping(permission, *authentication):
    return Ping.as_view(permission_classes=[permission], authentication_classes=authentication)


urlpatterns = [
    path("open", ping(AllowAny)),
    path("keysmith", ping(RequireKeysmithToken, KeysmithAuthentication)),
    path("api-key", ping(HasAPIKey)),
    path("token", ping(IsAuthenticated, TokenAuthentication)),
]
