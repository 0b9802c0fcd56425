<?php
/*
 * A gateway by the API document, as a router of PHP's own web server:
 *
 *   KESSPAY_GATEWAY_DIR=FOLDER php -S 127.0.0.1:PORT gateway.php
 *
 * It is a judge of the client and shares nothing with it: no code, and no
 * library besides the signature class of the document. Answers are signed by
 * createSign. Requests are verified by verifyStrict, the same algorithm with
 * openssl_verify === 1; that strictness is ours and not the document's.
 *
 * Where the document is silent, it does this: a request that does not verify
 * is a VALIDATIONERROR; tokens live side by side; two creates with one
 * out_trade_no are two pre-transfers; a pre-transfer that waits for its
 * confirm has the result_code WAITING.
 *
 * In FOLDER:
 *   config.json  what the test wants; it is read at every request
 *   state.json   tokens, pre-transfers and credits; flock guards it
 *   log.jsonl    a line for each request: body, the text PHP verified, its
 *                verdict, and the answer; of a log-in only how it ended
 *
 * config.json: partner_id, partner_secret_key, user_name, password;
 * partner_key and private_key (files); now (the time, in seconds), token_life
 * and transfer_life; users (id => name) and not_eligible (ids); fail, which
 * makes services end in SYSTEMERROR "before" or "after" they did their work,
 * or "" for never.
 */

declare(strict_types=1);

require __DIR__ . '/rsa2.php';

const TOKEN_PATH = '/partnerapi/v1/token';
const GATEWAY_PATH = '/partnerapi/v1/gateway';

/* Section "Error code review" of each service. */
const STATUS = [
    'NOTELIGIBLE' => 400,
    'VALIDATIONERROR' => 400,
    'USED' => 400,
    'NOTEXIST' => 400,
    'EXPIRED' => 400,
    'SYSTEMERROR' => 500,
];

class Refusal extends Exception
{
    public string $errorCode;

    public function __construct(string $errorCode, string $description)
    {
        $this->errorCode = $errorCode;
        parent::__construct($description);
    }
}

/* ---------------------------------------------------------------- fields */

function alpha(array $params, string $name, string $otherwise): string
{
    $value = $params[$name] ?? null;
    if (!is_string($value) || $value === '') {
        throw new Refusal('VALIDATIONERROR', "$name is required.");
    }
    if (!preg_match('/\A[A-Za-z0-9_-]{1,64}\z/', $value)) {
        throw new Refusal($otherwise, "$name is invalid.");
    }
    return $value;
}

function text(array $params, string $name, int $limit): string
{
    $value = $params[$name] ?? null;
    if (!is_string($value) || trim($value) !== $value
        || !preg_match('/\A.{1,' . $limit . '}\z/us', $value)) {
        throw new Refusal('VALIDATIONERROR', "$name is invalid.");
    }
    return $value;
}

/* Returns the amount in cents. */
function cents(array $params): int
{
    $value = $params['amount'] ?? null;
    if (is_string($value) && preg_match('/\A[0-9]{1,13}(\.[0-9]{1,2})?\z/', $value)) {
        $value = (float) $value;
    }
    if (!is_int($value) && !is_float($value)) {
        throw new Refusal('VALIDATIONERROR', 'amount is no number.');
    }
    if ($value <= 0 || $value >= 1e13 || round($value, 2) != $value) {
        throw new Refusal('VALIDATIONERROR', 'amount is invalid.');
    }
    return (int) round($value * 100);
}

/* -------------------------------------------------------------- services */

function create_unified(array $params, array $config, array &$state): array
{
    $transfer = [
        'out_trade_no' => alpha($params, 'out_trade_no', 'VALIDATIONERROR'),
        'receiver_id' => text($params, 'receiver_id', 25),
    ];
    text($params, 'sender_name', 96);
    $transfer['cents'] = cents($params);
    if (($params['currency'] ?? null) !== 'USD') {
        throw new Refusal('VALIDATIONERROR', 'Only USD allowed.');
    }
    $name = $config['users'][$transfer['receiver_id']] ?? null;
    if ($name === null
        || in_array($transfer['receiver_id'], $config['not_eligible'], true)) {
        throw new Refusal('NOTELIGIBLE', 'Receiver is not eligible for the fund.');
    }
    $transfer['receiver_name'] = $name;
    $transfer['expires_at'] = $config['now'] + $config['transfer_life'];
    $transfer['fund_transfer_id'] = null;
    $id = 'pre-' . bin2hex(random_bytes(12));
    $state['transfers'][$id] = $transfer;
    return echoed($transfer)
        + ['pre_transfer_id' => $id, 'expire_in' => $config['transfer_life']];
}

function confirm(array $params, array $config, array &$state): array
{
    $debit = alpha($params, 'partner_transaction_id', 'VALIDATIONERROR');
    /* NOTEXIST: "Wrong pre transfer ID, or invalid string." */
    $id = alpha($params, 'pre_transfer_id', 'NOTEXIST');
    if (!isset($state['transfers'][$id])) {
        throw new Refusal('NOTEXIST', 'Wrong pre transfer ID, or invalid string.');
    }
    $transfer = &$state['transfers'][$id];
    if ($transfer['fund_transfer_id'] !== null) {
        throw new Refusal('USED', 'Pre fund transfer ID is used.');
    }
    if ($config['now'] >= $transfer['expires_at']) {
        throw new Refusal('EXPIRED', 'Unified fund transfer is expired.');
    }
    if (in_array($debit, $state['debits'], true)) {
        throw new Refusal('VALIDATIONERROR', 'partner_transaction_id is not unique.');
    }
    $state['debits'][] = $debit;
    $transfer['fund_transfer_id'] = 'fund-' . bin2hex(random_bytes(12));
    return result($transfer) + echoed($transfer) + ['pre_transfer_id' => $id];
}

function query(array $params, array $config, array &$state): array
{
    $reference = alpha($params, 'out_trade_no', 'NOTEXIST');
    $found = null;
    foreach ($state['transfers'] as $transfer) {
        if ($transfer['out_trade_no'] === $reference
            && ($transfer['fund_transfer_id'] !== null
                || ($found['fund_transfer_id'] ?? null) === null)) {
            $found = $transfer;
        }
    }
    if ($found === null) {
        throw new Refusal('NOTEXIST', 'Wrong pre transfer ID, or invalid string.');
    }
    if ($found['fund_transfer_id'] === null && $config['now'] >= $found['expires_at']) {
        throw new Refusal('EXPIRED', 'Unified fund transfer is expired.');
    }
    return result($found) + echoed($found);
}

function echoed(array $transfer): array
{
    return [
        'out_trade_no' => $transfer['out_trade_no'],
        'receiver_id' => $transfer['receiver_id'],
        'amount' => $transfer['cents'] / 100,
        'currency' => 'USD',
        'receiver_name' => $transfer['receiver_name'],
    ];
}

/* fund_transfer_id: "available for the result_code = SUCCESS only". */
function result(array $transfer): array
{
    if ($transfer['fund_transfer_id'] === null) {
        return ['result_code' => 'WAITING'];
    }
    return [
        'result_code' => 'SUCCESS',
        'fund_transfer_id' => $transfer['fund_transfer_id'],
    ];
}

/* -------------------------------------------------------------- requests */

function log_in(string $body, array $config, array &$state): ?array
{
    $fields = json_decode($body, true);
    $given = [
        'partner_id' => $_SERVER['HTTP_PARTNER_ID'] ?? null,
        'partner_secret_key' => $_SERVER['HTTP_PARTNER_SECRET_KEY'] ?? null,
        'user_name' => is_array($fields) ? $fields['user_name'] ?? null : null,
        'password' => is_array($fields) ? $fields['password'] ?? null : null,
    ];
    foreach ($given as $name => $value) {
        if (!is_string($value) || !hash_equals($config[$name], $value)) {
            return null;
        }
    }
    $token = bin2hex(random_bytes(32));
    $state['tokens'][$token] = $config['now'] + $config['token_life'];
    return ['access_token' => $token, 'expire_in' => $config['token_life']];
}

function is_logged_in(array $config, array $state): bool
{
    $header = $_SERVER['HTTP_AUTHORIZATION'] ?? '';
    if (!preg_match('/\ABearer ([0-9a-f]{64})\z/', $header, $match)) {
        return false;
    }
    return $config['now'] < ($state['tokens'][$match[1]] ?? 0);
}

/* Returns the parameters of a body that verifies; $seen is for the log. */
function verified(string $body, RSA2 $rsa2, array &$seen): array
{
    $seen['body'] = base64_encode($body);
    $params = json_decode($body, true);
    if (!is_array($params)) {
        throw new Refusal('VALIDATIONERROR', 'Parameters are no JSON object.');
    }
    $text = $rsa2->text($params);
    $seen['text'] = $text === false ? null : base64_encode($text);
    $seen['verified'] = is_string($params['sign'] ?? null)
        && in_array($params['sign_type'] ?? 'RSA2', ['RSA2'], true)
        && $rsa2->verifyStrict($params, $params['sign']);
    if (!$seen['verified']) {
        throw new Refusal('VALIDATIONERROR', 'The signature is invalid.');
    }
    return $params;
}

function served(array $params, array $config, array &$state): array
{
    $services = [
        'create.unified.fundTransfer' => 'create_unified',
        'confirm.fundTransfer' => 'confirm',
        'query.fundTransfer' => 'query',
    ];
    $service = $params['service'] ?? null;
    if (!is_string($service) || !isset($services[$service])) {
        throw new Refusal('VALIDATIONERROR', 'service is unknown.');
    }
    if ($config['fail'] === 'before') {
        throw new Refusal('SYSTEMERROR', 'Server error or busy.');
    }
    $data = $services[$service]($params, $config, $state);
    if ($config['fail'] === 'after') {
        throw new Refusal('SYSTEMERROR', 'Server error or busy.');
    }
    return ['success' => true, 'code' => 200, 'message' => 'Success', 'data' => $data];
}

/* Returns the HTTP status and the answer, signed. */
function signed(array $config, array &$state, string $body, array &$seen): array
{
    $rsa2 = new RSA2($config['private_key'], $config['partner_key']);
    try {
        $answer = served(verified($body, $rsa2, $seen), $config, $state);
        $status = 200;
    } catch (Throwable $error) {
        $isRefusal = $error instanceof Refusal;
        if (!$isRefusal) {
            error_log((string) $error);
        }
        $code = $isRefusal ? $error->errorCode : 'SYSTEMERROR';
        $answer = [
            'success' => false,
            'error_code' => $code,
            'error_desc' => $isRefusal ? $error->getMessage() : 'Server error or busy.',
        ];
        $status = STATUS[$code];
    }
    $answer['sign_type'] = 'RSA2';
    $answer['sign'] = $rsa2->createSign($answer);
    return [$status, $answer];
}

function answered(array $config, array &$state, array &$seen): array
{
    $path = parse_url($_SERVER['REQUEST_URI'], PHP_URL_PATH);
    if ($path !== TOKEN_PATH && $path !== GATEWAY_PATH) {
        return [404, null];
    }
    if ($_SERVER['REQUEST_METHOD'] !== 'POST') {
        return [405, null];
    }
    $body = file_get_contents('php://input');
    if ($path === TOKEN_PATH) {
        $token = log_in($body, $config, $state);
        if ($token !== null) {
            return [200, $token];
        }
    } elseif (is_logged_in($config, $state)) {
        return signed($config, $state, $body, $seen);
    }
    return [401, [
        'success' => false,
        'error_code' => 'UNAUTHENTICATED',
        'error_desc' => 'Unauthorized',
    ]];
}

/* ------------------------------------------------------------------ main */

$folder = getenv('KESSPAY_GATEWAY_DIR');
$file = fopen("$folder/state.json", 'c+');
flock($file, LOCK_EX);
$config = json_decode(file_get_contents("$folder/config.json"), true);
$state = json_decode(stream_get_contents($file), true)
    ?? ['tokens' => [], 'transfers' => [], 'debits' => []];
$seen = ['path' => $_SERVER['REQUEST_URI'], 'body' => null, 'text' => null,
    'verified' => null, 'answer' => null];
[$status, $answer] = answered($config, $state, $seen);
$body = $answer === null ? '' : json_encode($answer);
if ($seen['body'] !== null) {
    $seen['answer'] = base64_encode($body);
}
ftruncate($file, 0);
rewind($file);
fwrite($file, json_encode($state));
$seen += ['status' => $status, 'error_code' => $answer['error_code'] ?? null];
file_put_contents("$folder/log.jsonl", json_encode($seen) . "\n", FILE_APPEND);
fclose($file);

http_response_code($status);
header('Content-Type: application/json');
header('Content-Length: ' . strlen($body));
echo $body;
