-- severity: critical
-- needs: statement, statement_day, times
-- by: all
-- title: the total of a day differs from the statement
SELECT CAST(coalesce(here.day, there.day) AS STRING) AS reference,
    CAST(coalesce(there.total, 0) AS STRING) || ' there, '
        || CAST(coalesce(here.total, 0) AS STRING) || ' here' AS detail,
    coalesce(there.spot, here.spot) AS spot
FROM (
    SELECT day, sum(total) AS total, min(spot) AS spot FROM paid_days GROUP BY day
) AS here FULL JOIN (
    SELECT day, sum(total) AS total, min(spot) AS spot FROM stated_days GROUP BY day
) AS there ON here.day = there.day
WHERE coalesce(here.total, 0) <> coalesce(there.total, 0)
