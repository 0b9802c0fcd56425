-- severity: note
-- needs: times
-- title: one record twice
SELECT coalesce(out_trade_no, '') AS reference,
    CAST(count(*) AS VARCHAR) || ' records of one moment' AS detail,
    min(source) AS source, min("row") AS "row"
FROM facts
GROUP BY answer, request, seen_at, out_trade_no HAVING count(*) > 1
