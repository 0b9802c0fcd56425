<?php

declare(strict_types=1);

namespace Kess\Exception;

/** A document cannot be verified, because it has no, or no safe, canonical form: use no value of it. */
final class DocumentRefused extends InvalidSignature
{
    use Facts;
}
