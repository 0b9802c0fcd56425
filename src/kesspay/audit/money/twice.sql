-- severity: note
-- needs: times
-- by: record
-- title: one record twice
SELECT coalesce(out_trade_no, '') AS reference,
    CAST(count(*) AS STRING) || ' records of one moment' AS detail,
    min(spot) AS spot
FROM facts
GROUP BY answer, request, seen_us, out_trade_no HAVING count(*) > 1
