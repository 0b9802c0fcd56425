-- severity: high
-- needs: requests, times
-- title: the first answer to a confirm was USED
SELECT used.reference, 'USED before any other answer' AS detail, used.source, used."row"
FROM (
    SELECT asked_pre_transfer_id AS reference, min(seen_at) AS seen_at,
        min(source) AS source, min("row") AS "row"
    FROM facts WHERE said = 'confirm.fundTransfer' AND error_code = 'USED'
    GROUP BY asked_pre_transfer_id
) AS used LEFT JOIN (
    SELECT asked_pre_transfer_id AS reference, min(seen_at) AS seen_at
    FROM facts WHERE said = 'confirm.fundTransfer'
        AND coalesce(error_code, '') <> 'USED'
    GROUP BY asked_pre_transfer_id
) AS other ON used.reference = other.reference
WHERE used.reference IS NOT NULL
    AND (other.seen_at IS NULL OR other.seen_at > used.seen_at)
