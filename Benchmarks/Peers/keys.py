"""Makes the tables and sixteen keys of each peer, and prints them as JSON: what a client sends that is right, what
has a wrong secret, and what is no token at all."""

import json
import os
import secrets

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "settings")
django.setup()

from django.contrib.auth.models import User
from django.core.management import call_command
from django.utils.crypto import get_random_string
from keysmith.services.tokens import create_token
from keysmith.utils.tokens import build_public_token
from rest_framework.authtoken.models import Token
from rest_framework_api_key.models import APIKey

KEYS = 16
WRONG = 1000

call_command("migrate", verbosity=0)
users = [User.objects.create(username=f"user {number}") for number in range(KEYS)]


def peer(name, header, word, keys, wrong):
    """The wrong ones go through all prefixes in turn."""
    return {
        "path": name,
        "header": header,
        "valid": [word + key for key in keys],
        "wrong": [word + wrong(keys[number % KEYS]) for number in range(WRONG)],
        "malformed": word + "nonsense",
    }


def wrong_api_key(key):
    return key.split(".")[0] + "." + get_random_string(32)


def wrong_token(_key):
    return secrets.token_hex(20)


def wrong_keysmith(key):
    namespace, identifier = key.split(":")[0].rsplit("_", 1)
    return build_public_token(
        namespace=namespace, identifier=identifier, secret=get_random_string(32)
    ).token


keysmith = [create_token(name=user.username, user=user)[1] for user in users]
api_keys = [APIKey.objects.create_key(name=user.username)[1] for user in users]
tokens = [Token.objects.create(user=user).key for user in users]
peers = [
    peer("keysmith", "X-Keysmith-Token", "", keysmith, wrong_keysmith),
    peer("api-key", "Authorization", "Api-Key ", api_keys, wrong_api_key),
    peer("token", "Authorization", "Token ", tokens, wrong_token),
]
print(json.dumps(peers))
