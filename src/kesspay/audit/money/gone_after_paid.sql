-- severity: critical
-- needs: requests, times
-- by: transfer
-- doubt: bool_or(said = 'query.fundTransfer' AND error_code IN ('NOTEXIST', 'EXPIRED'))
-- title: NOTEXIST or EXPIRED after SUCCESS
SELECT paid.reference, min(gone.error_code) || ' came after SUCCESS' AS detail,
    min(gone.spot) AS spot
FROM (
    SELECT out_trade_no AS reference, min(seen_us) AS seen_us
    FROM facts WHERE result_code = 'SUCCESS' AND out_trade_no IS NOT NULL
    GROUP BY out_trade_no
) AS paid JOIN (
    SELECT asked_out_trade_no AS reference, seen_us, error_code, spot
    FROM facts WHERE said = 'query.fundTransfer'
        AND error_code IN ('NOTEXIST', 'EXPIRED')
) AS gone ON paid.reference = gone.reference AND gone.seen_us > paid.seen_us
GROUP BY paid.reference
