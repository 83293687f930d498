#!/bin/sh
# Makes the database, one of views for Grafana, and the three users, from the environment. MySQL's image
# runs it at the first start. After a password was changed in .env:
#   docker compose up -d --no-deps mysql
#   docker compose exec mysql /docker-entrypoint-initdb.d/users.sh
#   docker compose up -d
# As often as you like. Elsewhere, options of the client say where the server is: users.sh --host=…
set -eu

quoted() { # as a string of SQL
    printf "'%s'" "$(printf %s "$1" | sed "s/\\\\/\\\\\\\\/g; s/'/''/g")"
}

database=${MYSQL_DATABASE:-pixeltrack}
app=$(quoted "${MYSQL_USER:-pixeltrack}")
# In a GRANT for a whole database, _ stands for any character.
pattern=$(printf %s "$database" | sed 's/[_%]/\\&/g')

MYSQL_PWD=$MYSQL_ROOT_PASSWORD mysql --user=root "$@" <<SQL
CREATE DATABASE IF NOT EXISTS \`$database\` CHARACTER SET utf8mb4;
CREATE DATABASE IF NOT EXISTS \`${database}_grafana\` CHARACTER SET utf8mb4;

CREATE USER IF NOT EXISTS $app@'%';
ALTER USER $app@'%' IDENTIFIED BY $(quoted "$MYSQL_PASSWORD");
GRANT ALL PRIVILEGES ON \`$pattern\`.* TO $app@'%';
GRANT CREATE VIEW, DROP, SELECT, SHOW VIEW ON \`${pattern}\\_grafana\`.* TO $app@'%';

CREATE USER IF NOT EXISTS 'grafana'@'%';
ALTER USER 'grafana'@'%' IDENTIFIED BY $(quoted "$MYSQL_GRAFANA_PASSWORD") WITH MAX_USER_CONNECTIONS 20;
GRANT SELECT ON \`${pattern}\\_grafana\`.* TO 'grafana'@'%';

CREATE USER IF NOT EXISTS 'exporter'@'%';
ALTER USER 'exporter'@'%' IDENTIFIED BY $(quoted "$MYSQL_EXPORTER_PASSWORD") WITH MAX_USER_CONNECTIONS 5;
GRANT PROCESS, REPLICATION CLIENT ON *.* TO 'exporter'@'%';
GRANT SELECT ON performance_schema.* TO 'exporter'@'%';
SQL
