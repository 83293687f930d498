#!/bin/sh
# Lets Grafana's database user read what its panels show, and nothing else: no contact, no address of
# anybody, no account. After each migration, for a table can only be granted once it is there.
set -eu

tables='
campaigns_campaign
campaigns_group
campaigns_scheduledcount
tracking_opening
tracking_useragent
tracking_openingcount
tracking_openingbreakdown
tracking_archivedopeningcount
tracking_archivedbreakdown
tracking_page
tracking_pageview
tracking_viewcell
'

for table in $tables; do
    echo "GRANT SELECT ON \`${MYSQL_DATABASE:-pixeltrack}\`.$table TO 'grafana'@'%';"
done | MYSQL_PWD=$MYSQL_ROOT_PASSWORD mysql --user=root ${MYSQL_HOST:+--host="$MYSQL_HOST"} \
    ${MYSQL_PORT:+--port="$MYSQL_PORT"}
