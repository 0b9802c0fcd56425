-- severity: critical
-- needs: requests, times
-- title: NOTEXIST or EXPIRED after SUCCESS
SELECT paid.reference, gone.error_code || ' came after SUCCESS' AS detail,
    gone.source, gone."row"
FROM (
    SELECT out_trade_no AS reference, min(seen_at) AS seen_at
    FROM facts WHERE result_code = 'SUCCESS' AND out_trade_no IS NOT NULL
    GROUP BY out_trade_no
) AS paid JOIN (
    SELECT asked_out_trade_no AS reference, max(seen_at) AS seen_at,
        min(error_code) AS error_code, min(source) AS source, min("row") AS "row"
    FROM facts WHERE said = 'query.fundTransfer'
        AND error_code IN ('NOTEXIST', 'EXPIRED')
    GROUP BY asked_out_trade_no
) AS gone ON paid.reference = gone.reference AND gone.seen_at > paid.seen_at
