-- A database of django-apikey as Django's SQLite backend makes it: alice with two keys where one was allowed,
-- bob inactive, carol without the permission, root a superuser.
CREATE TABLE auth_user (id INTEGER PRIMARY KEY, password TEXT NOT NULL DEFAULT '', last_login DATETIME,
  username TEXT, first_name TEXT NOT NULL DEFAULT '', last_name TEXT NOT NULL DEFAULT '',
  email TEXT NOT NULL DEFAULT '', is_staff BOOL NOT NULL DEFAULT 0, is_active BOOL, is_superuser BOOL,
  date_joined DATETIME);
CREATE TABLE django_content_type (id INTEGER PRIMARY KEY, app_label TEXT, model TEXT);
CREATE TABLE auth_permission (id INTEGER PRIMARY KEY, name TEXT NOT NULL DEFAULT '',
  content_type_id INT NOT NULL DEFAULT 1, codename TEXT);
CREATE TABLE auth_user_user_permissions (id INTEGER PRIMARY KEY, user_id INT, permission_id INT);
CREATE TABLE auth_user_groups (id INTEGER PRIMARY KEY, user_id INT, group_id INT);
CREATE TABLE auth_group_permissions (id INTEGER PRIMARY KEY, group_id INT, permission_id INT);
CREATE TABLE key_apikeyprofile (id INTEGER PRIMARY KEY,
  user_id INT REFERENCES auth_user (id), max_keys INT, last_access DATETIME);
CREATE TABLE key_apikey (id INTEGER PRIMARY KEY,
  profile_id INT REFERENCES key_apikeyprofile (id), key TEXT, logged_ip TEXT,
  last_used DATETIME, created DATETIME);
INSERT INTO auth_user (id, username, is_active, is_superuser, date_joined) VALUES
  (1, 'alice', 1, 0, '2012-01-01 00:00:00'), (2, 'bob', 0, 0, '2012-01-01 00:00:00'),
  (3, 'carol', 1, 0, '2012-01-01 00:00:00'), (4, 'root', 1, 1, '2012-01-01 00:00:00');
INSERT INTO django_content_type VALUES (1, 'key', 'apikey');
INSERT INTO auth_permission (id, codename) VALUES (7, 'can_use_api');
INSERT INTO auth_user_user_permissions VALUES (1, 1, 7), (2, 2, 7);
INSERT INTO key_apikeyprofile VALUES (1, 1, 1, '2012-02-01 00:00:00'), (2, 2, -1, '2012-02-01 00:00:00'),
  (3, 3, 5, '2012-02-01 00:00:00'), (4, 4, 0, '2012-02-01 00:00:00');
INSERT INTO key_apikey VALUES
  (1, 1, 'a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1', NULL, '2012-02-01 00:00:00.25', '2012-01-02 00:00:00'),
  (2, 1, 'a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2', '192.0.2.7', '2012-02-01 00:00:00', '2012-01-02 00:00:00'),
  (3, 2, 'b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1', NULL, '2012-02-01 00:00:00', '2012-01-02 00:00:00'),
  (4, 3, 'c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1', NULL, '2012-02-01 00:00:00', '2012-01-02 00:00:00'),
  (5, 4, 'd1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1', NULL, '2012-02-01 00:00:00', '2012-01-02 00:00:00');
