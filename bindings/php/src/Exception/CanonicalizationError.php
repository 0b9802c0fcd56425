<?php

declare(strict_types=1);

namespace Kess\Exception;

/** A document has no canonical form, or is not safe to sign as a request. Nothing was signed. */
final class CanonicalizationError extends InputError
{
}
