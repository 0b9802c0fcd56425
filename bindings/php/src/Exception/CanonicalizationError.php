<?php

declare(strict_types=1);

namespace Kess\Exception;

/** A document has no canonical form: PHP would fail on it as well. Nothing was signed. */
final class CanonicalizationError extends InputError
{
    use Facts;
}
