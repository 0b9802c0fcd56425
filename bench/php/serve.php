<?php
/*
 * PHP as a peer of the benchmarks, with the class of the API document.
 *
 *   php serve.php PRIVATE_KEY_FILE PUBLIC_KEY_FILE REQUEST_FILE RESPONSE_FILE
 *
 * First prints the body it makes of the request, in base64, and whether it
 * verifies the response. Then one line in, "WHAT TIMES", and one line out: the
 * nanoseconds of CPU that WHAT took. WHAT is sign (parameters in, body out),
 * verify (body in, canonical text out) or canonicalize.
 */

require __DIR__ . '/../../tests/php/rsa2.php';

function cpu(): int
{
    $usage = getrusage();
    return ($usage['ru_utime.tv_sec'] + $usage['ru_stime.tv_sec']) * 1000000000
        + ($usage['ru_utime.tv_usec'] + $usage['ru_stime.tv_usec']) * 1000;
}

[, $privateKey, $publicKey, $requestFile, $responseFile] = $argv;
$rsa2 = new RSA2($privateKey, $publicKey);
$params = json_decode(file_get_contents($requestFile), true);
$response = file_get_contents($responseFile);

$work = [
    'sign' => function () use ($rsa2, $params) {
        $signed = $params;
        $sign = $rsa2->createSign($params);
        $signed['sign_type'] = 'RSA2';
        $signed['sign'] = $sign;
        return json_encode($signed);
    },
    'verify' => function () use ($rsa2, $response) {
        $array = json_decode($response, true);
        return $rsa2->verifySign($array, $array['sign']) ? $array : null;
    },
    'canonicalize' => function () use ($rsa2, $response) {
        return $rsa2->text(json_decode($response, true));
    },
];

echo base64_encode($work['sign']()), ' ', $work['verify']() ? 'ok' : 'fail', "\n";
while (($line = fgets(STDIN)) !== false) {
    [$what, $times] = explode(' ', trim($line));
    $function = $work[$what];
    $start = cpu();
    for ($i = (int) $times; $i > 0; $i--) {
        $function();
    }
    echo cpu() - $start, "\n";
}
