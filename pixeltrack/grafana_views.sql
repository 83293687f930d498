-- All that Grafana may read, as views in a database of its own: no e-mail address, no name of a
-- contact, no network, no user, no token and no hash is in any of them. See docs/monitoring.md.
--
-- {tables} is PixelTrack's database, {views} is Grafana's. A view here takes the place of the one
-- before it; one that is here no more is dropped. MERGE: what reads a view uses the tables' indexes.
-- Kept to what MySQL 8.4 and MariaDB 10.11 both know.

CREATE OR REPLACE ALGORITHM = MERGE SQL SECURITY DEFINER VIEW {views}.campaign AS
SELECT id, name, tracking, time_zone, created_at, closed_at
FROM {tables}.campaigns_campaign WHERE removal_id IS NULL;

-- GROUP is a word of SQL.
CREATE OR REPLACE ALGORITHM = MERGE SQL SECURITY DEFINER VIEW {views}.campaign_group AS
SELECT id, campaign_id, name, is_control
FROM {tables}.campaigns_group WHERE removal_id IS NULL;

-- How many contacts are scheduled for a day, and for which minutes of it.
CREATE OR REPLACE ALGORITHM = MERGE SQL SECURITY DEFINER VIEW {views}.scheduled_count AS
SELECT group_id, day, contacts, minutes
FROM {tables}.campaigns_scheduledcount;

-- A row for each contact that has opened before the minute that it is scheduled for.
CREATE OR REPLACE ALGORITHM = MERGE SQL SECURITY DEFINER VIEW {views}.early_opener AS
SELECT early_group_id AS group_id, early_until
FROM {tables}.tracking_contactopenings WHERE early_group_id IS NOT NULL;

CREATE OR REPLACE ALGORITHM = MERGE SQL SECURITY DEFINER VIEW {views}.opening_count AS
SELECT group_id, quarter, verdict, openings, mail_opens, first_openings, first_verified
FROM {tables}.tracking_openingcount;

CREATE OR REPLACE ALGORITHM = MERGE SQL SECURITY DEFINER VIEW {views}.opening_breakdown AS
SELECT group_id, day, dimension, value, verdict, openings, mail_opens
FROM {tables}.tracking_openingbreakdown;

CREATE OR REPLACE ALGORITHM = MERGE SQL SECURITY DEFINER VIEW {views}.opening AS
SELECT id, group_id, user_agent_id, opened_at, recorded_at, verdict, reason, begins_mail_open,
    network_label
FROM {tables}.tracking_opening;

CREATE OR REPLACE ALGORITHM = MERGE SQL SECURITY DEFINER VIEW {views}.user_agent AS
SELECT id, client, os, device
FROM {tables}.tracking_useragent;

CREATE OR REPLACE ALGORITHM = MERGE SQL SECURITY DEFINER VIEW {views}.page AS
SELECT id, page_id
FROM {tables}.tracking_page;

-- Without the visitor.
CREATE OR REPLACE ALGORITHM = MERGE SQL SECURITY DEFINER VIEW {views}.page_view AS
SELECT id, viewed_at
FROM {tables}.tracking_pageview;

CREATE OR REPLACE ALGORITHM = MERGE SQL SECURITY DEFINER VIEW {views}.view_cell AS
SELECT page, hour, views, visitors
FROM {tables}.tracking_viewcell;
