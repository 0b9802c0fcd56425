-- severity: note
-- needs: times
-- by: record
-- doubt: bit_count(bit_or(CASE WHEN answer IS NOT NULL THEN CAST(1 AS UBIGINT) << (hash(answer, seen_us) & 63) END)) < count(answer) AND bit_count(bit_or(CASE WHEN answer IS NOT NULL THEN CAST(1 AS UBIGINT) << ((hash(answer, seen_us) >> 6) & 63) END)) < count(answer)
-- title: one record twice
SELECT coalesce(out_trade_no, '') AS reference,
    CAST(count(*) AS STRING) || ' records of one moment' AS detail,
    min(spot) AS spot
FROM facts
GROUP BY answer, request, seen_us, out_trade_no HAVING count(*) > 1
