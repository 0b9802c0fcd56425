-- severity: critical
-- needs: requests, times
-- title: SUCCESS after a signed refusal: was the debit given back?
SELECT paid.reference, refused.error_code || ' came before SUCCESS' AS detail,
    paid.source, paid."row"
FROM (
    SELECT pre_transfer_id AS reference, max(seen_at) AS seen_at,
        min(source) AS source, min("row") AS "row"
    FROM facts WHERE result_code = 'SUCCESS' AND pre_transfer_id IS NOT NULL
    GROUP BY pre_transfer_id
) AS paid JOIN (
    SELECT asked_pre_transfer_id AS reference, min(seen_at) AS seen_at,
        min(error_code) AS error_code
    FROM facts WHERE said = 'confirm.fundTransfer'
        AND error_code IN ('NOTEXIST', 'EXPIRED', 'VALIDATIONERROR')
    GROUP BY asked_pre_transfer_id
) AS refused ON paid.reference = refused.reference AND refused.seen_at < paid.seen_at
