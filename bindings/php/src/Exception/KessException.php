<?php

declare(strict_types=1);

namespace Kess\Exception;

/** Every exception of this package implements it. No message holds a secret. */
interface KessException extends \Throwable
{
    /** Return the reason as one stable word ("mismatch"): the table bindings/status.json has all of them; or "". */
    public function reason(): string;

    /** Return the name of the status ("KESS_ERR_SIGNATURE"), or "". */
    public function code(): string;

    /** Return the offset of the fault in the text, in bytes, or null. */
    public function position(): ?int;
}
