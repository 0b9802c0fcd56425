-- severity: high
-- needs: requests, times
-- title: a confirm was answered EXPIRED before expire_in
SELECT made.reference,
    'EXPIRED within ' || CAST(made.expire_in AS VARCHAR) || ' seconds' AS detail,
    gone.source, gone."row"
FROM (
    SELECT pre_transfer_id AS reference, max(seen_at) AS seen_at,
        min(expire_in) AS expire_in
    FROM facts WHERE expire_in IS NOT NULL AND pre_transfer_id IS NOT NULL
    GROUP BY pre_transfer_id
) AS made JOIN (
    SELECT asked_pre_transfer_id AS reference, min(seen_at) AS seen_at,
        min(source) AS source, min("row") AS "row"
    FROM facts WHERE said = 'confirm.fundTransfer' AND error_code = 'EXPIRED'
    GROUP BY asked_pre_transfer_id
) AS gone ON gone.reference = made.reference
WHERE epoch(gone.seen_at) - epoch(made.seen_at) < made.expire_in
