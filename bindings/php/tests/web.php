<?php

// One request of a web server: what each step of it costs, in microseconds. web asks
// for this page many times.

declare(strict_types=1);

use Kess\PrivateKey;
use Kess\PublicKey;

$from = hrtime(true);
$lap = static function (string $name) use (&$from): void {
    printf("%s %.3f\n", $name, (hrtime(true) - $from) / 1000);
    $from = hrtime(true);
};
if (!class_exists(Kess\Library::class, false)) {
    require __DIR__ . '/../preload.php';
}
$keys = __DIR__ . '/../../../tests/vectors/keys';
$folder = getenv('KESS_BENCH');
$body = file_get_contents("$folder/body.json");
$request = file_get_contents("$folder/request.json");
$lap('files');
Kess\Library::get();
$lap('library');
$public = PublicKey::fromFile("$keys/rsa-2048.pub.pem");
$lap('public-key');
$canonical = $public->verifyDocument($body);
$lap('verify');
$private = PrivateKey::fromFile("$keys/rsa-2048.pem");
$lap('private-key');
$signed = $private->signedBody($request);
$lap('sign');
// As the documented class does it, with the PEM of the key for each call.
$values = json_decode($body, true);
$sign = base64_decode($values['sign'], true);
ksort($values);
unset($values['sign_type'], $values['sign']);
$verified = openssl_verify(json_encode($values), $sign, file_get_contents("$keys/rsa-2048.pub.pem"), \OPENSSL_ALGO_SHA256);
$lap('openssl-verify');
openssl_sign($request, $sign, file_get_contents("$keys/rsa-2048.pem"), \OPENSSL_ALGO_SHA256);
$lap('openssl-sign');
echo $verified === 1 && $canonical === json_encode($values) ? "right\n" : "wrong\n";
