# Run once by the image of PostgreSQL, when its volume is new. The account is not the superuser: it has what bootstrap
# needs and no more. Nobody else may enter the databases that come with the server.
psql --no-psqlrc -v ON_ERROR_STOP=1 --username "${POSTGRES_USER:-postgres}" --dbname postgres <<SQL
create role mortise login createdb createrole password '$(cat /run/secrets/password_postgres)';
revoke connect, temporary on database postgres from public;
revoke connect, temporary on database template1 from public;
grant connect on database postgres to mortise;
SQL
