"""The rows of made-up campaigns, as the database itself writes them.

Everything follows from the number of a contact, so that two runs make the same campaigns. Of twelve
contacts eight have opened, forty times in all. What is known of their openings is written as the
consumer would have, and the counts are left to `rebuild_counts`.
"""

CLASSES = 12  # of contacts
# Class of contacts → their visits, each with the numbers of the pixels that it fetches.
VISITS = {
    4: ["1"],
    5: ["1", "1", "1"],
    6: ["12"],
    7: ["2", "2", "2", "2"],
    8: ["12", "12", "12"],
    9: ["12", "12", "12", "12"],
    10: ["12", "12", "12", "12"],
    11: ["12", "12", "12", "12"],
}
OPENINGS = sum(len(pixels) for visits in VISITS.values() for pixels in visits)  # of a dozen
PIXELS = 2
GROUPS = ("Control", "Another subject", "Another hour")
SLOTS = 1_000  # of the readers, by their shares
SHARED = 50  # addresses that two groups have, whatever the size

# A number from 0 to 1 that follows from `what` and the contact's.
DICE = "CRC32(CONCAT('{what}/', n)) / 4294967296"
# Half of the contacts that have opened did so within an hour, the last of them after nine days;
# later visits come at least an hour after the ones before them.
FIRST_VISIT = f"POW(10, 0.9 + 5 * {DICE.format(what='first')})"
LATER_VISIT = f"3600 + POW(10, 2 + 3.5 * {DICE})"
UUID = "INSERT(INSERT(MD5(CONCAT({what})), 13, 1, '4'), 17, 1, '8')"  # with a version's bits

TABLES = """
CREATE TABLE bench_visit (class INT, visit INT, pixel INT, begins INT, INDEX (class));
CREATE TABLE bench_reader (slot INT PRIMARY KEY, user_agent INT, label VARCHAR(32),
    verdict VARCHAR(7), reason VARCHAR(32));
CREATE TABLE bench_contact (n INT PRIMARY KEY, class INT, group_id INT, email VARCHAR(64),
    scheduled_at DATETIME(6), first_s DOUBLE, second_s DOUBLE, third_s DOUBLE, fourth_s DOUBLE);
"""
# In this order, each for some dozens of contacts. %(…)s are numbers and the campaign's begin.
STEPS = [
    "TRUNCATE bench_contact",
    f"""
INSERT INTO bench_contact
SELECT n, class, group_id, CONCAT('contact-', email, '@example.com'),
    %(begin)s + INTERVAL (%(step)s * FLOOR(%(steps)s * {DICE.format(what="scheduled")})) MINUTE
        + INTERVAL IF(n MOD {2 * CLASSES} = 0, 5, 0) WEEK,
    first_s, first_s + second_s, first_s + second_s + third_s,
    first_s + second_s + third_s + fourth_s
FROM (
    SELECT n, n MOD {CLASSES} AS class,
        ELT(arm + 1, %(group0)s, %(group1)s, %(group2)s) AS group_id,
        IF(arm = 1 AND n MOD {CLASSES} = 5 AND n < {SHARED * CLASSES * len(GROUPS)},
            n - {CLASSES}, n) AS email,
        {FIRST_VISIT} AS first_s,
        {LATER_VISIT.format(what="second")} AS second_s,
        {LATER_VISIT.format(what="third")} AS third_s,
        {LATER_VISIT.format(what="fourth")} AS fourth_s
    FROM (
        SELECT seq AS n, (seq DIV {CLASSES}) MOD {len(GROUPS)} AS arm
        FROM seq_%(first)s_to_%(last)s
    ) AS numbers
) AS diced""",
    """
INSERT INTO campaigns_contact (id, group_id, email, email_key, name, external_id, scheduled_at,
    extra, created_at)
SELECT %(contacts)s + n, group_id, email, email, '', '', scheduled_at, '{}', %(begin)s
FROM bench_contact ORDER BY n""",
    f"""
INSERT INTO campaigns_pixel (id, contact_id, number, uuid)
SELECT {PIXELS} * (%(contacts)s + n) + number, %(contacts)s + n, number,
    {UUID.format(what="'pixel/', %(contacts)s + n, '/', number")}
FROM bench_contact, (SELECT seq AS number FROM seq_1_to_{PIXELS}) AS numbers ORDER BY n, number""",
    f"""
INSERT INTO tracking_opening (event_id, pixel_id, contact_id, group_id, user_agent_id,
    network_label, network, prefetch, referer, opened_at, recorded_at, begins_mail_open, verdict,
    reason)
SELECT {UUID.format(what="'opening/', contact_id, '/', visit, '/', pixel")},
    {PIXELS} * contact_id + pixel, contact_id, group_id, user_agent, label, '198.51.100.0/24', 0,
    '', opened_at, opened_at + INTERVAL 50000 MICROSECOND, begins, verdict, reason
FROM (
    SELECT %(contacts)s + n AS contact_id, group_id, visit, pixel, begins, n,
        scheduled_at + INTERVAL
            FLOOR(1e6 * ELT(visit, first_s, second_s, third_s, fourth_s) + 40000 * pixel)
            MICROSECOND AS opened_at
    FROM bench_contact JOIN bench_visit USING (class)
) AS hits
JOIN bench_reader ON slot = FLOOR({SLOTS} * CRC32(CONCAT('reader/', n, '/', visit)) / 4294967296)
ORDER BY n, visit, pixel""",
    f"""
INSERT INTO tracking_contactopenings (contact_id, openings, mail_opens, last_at, pixels,
    pixels_seen, pixels_verified, first_at, first_verdict, first_reason, first_pixel,
    first_user_agent_id, first_delay_s, first_verified_at, first_verified_verdict,
    first_verified_reason, first_verified_pixel, first_verified_user_agent_id,
    first_verified_delay_s, archived_openings, archived_mail_opens, first_archived,
    first_verified_archived)
SELECT a.contact_id, a.openings, a.mail_opens, a.last_at, {2**PIXELS - 1}, a.seen, a.verified,
    f.opened_at, f.verdict, f.reason, f.pixel_id - {PIXELS} * a.contact_id, f.user_agent_id,
    TIMESTAMPDIFF(SECOND, c.scheduled_at, f.opened_at),
    v.opened_at, COALESCE(v.verdict, ''), COALESCE(v.reason, ''),
    v.pixel_id - {PIXELS} * a.contact_id, v.user_agent_id,
    TIMESTAMPDIFF(SECOND, c.scheduled_at, v.opened_at), 0, 0, 0, 0
FROM (
    SELECT contact_id, COUNT(*) AS openings, SUM(begins_mail_open) AS mail_opens,
        MAX(opened_at) AS last_at, BIT_OR(1 << (pixel_id - {PIXELS} * contact_id - 1)) AS seen,
        BIT_OR(IF(verdict = 'machine', 0, 1 << (pixel_id - {PIXELS} * contact_id - 1))) AS verified,
        MIN(opened_at) AS first_at, MIN(IF(verdict = 'machine', NULL, opened_at)) AS verified_at
    FROM tracking_opening
    WHERE contact_id BETWEEN %(contacts)s + %(first)s AND %(contacts)s + %(last)s
    GROUP BY contact_id
) AS a
JOIN campaigns_contact c ON c.id = a.contact_id
JOIN tracking_opening f ON f.contact_id = a.contact_id AND f.opened_at = a.first_at
LEFT JOIN tracking_opening v ON v.contact_id = a.contact_id AND v.opened_at = a.verified_at
ORDER BY a.contact_id""",
]
FEW = SHARED * CLASSES * len(GROUPS)  # contacts, of which the shared ones are
# Afterwards: what is kept beside the contacts.
BESIDE = [
    """
INSERT INTO campaigns_scheduledcount (group_id, day, contacts, minutes)
SELECT group_id, day, SUM(contacts), JSON_OBJECTAGG(minute, contacts)
FROM (
    SELECT group_id, DATE(scheduled_at) AS day, TIME_FORMAT(scheduled_at, '%%H:%%i') AS minute,
        COUNT(*) AS contacts
    FROM campaigns_contact WHERE group_id IN %(groups)s GROUP BY 1, 2, 3
) AS minutes
GROUP BY group_id, day""",
    f"""
INSERT INTO campaigns_sharedcontact (contact_id, group_id)
SELECT c.id, c.group_id FROM campaigns_contact c JOIN campaigns_contact other USING (email_key)
WHERE c.id BETWEEN %(contacts)s AND %(contacts)s + {FEW} AND c.id <> other.id
    AND other.id BETWEEN %(contacts)s AND %(contacts)s + {FEW}""",
]
