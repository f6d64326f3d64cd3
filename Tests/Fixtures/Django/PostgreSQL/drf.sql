-- What the PostgreSQL backend of Django makes of djangorestframework-api-key's migrations.
CREATE TABLE "rest_framework_api_key_apikey" ("created" timestamp with time zone NOT NULL, "name" varchar(50) NOT NULL, "revoked" boolean NOT NULL, "expiry_date" timestamp with time zone NULL, "hashed_key" varchar(150) NOT NULL, "prefix" varchar(8) NOT NULL UNIQUE, "id" varchar(150) NOT NULL PRIMARY KEY);
CREATE INDEX "rest_framework_api_key_apikey_created_c61872d9" ON "rest_framework_api_key_apikey" ("created");
