/*
 * SPDX-License-Identifier: Apache-2.0
 *
 * A key that protects nothing: it is public, and for these programs alone.
 */
#ifndef KESS_FUZZ_KEY_H
#define KESS_FUZZ_KEY_H

static const char fuzz_key[] =
    "-----BEGIN PRIVATE KEY-----\n"
    "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQCYFOzyl4Mm8EOz\n"
    "8tnjqoqMwtfRAL/JrCRrnsP0/qv18u5Z14JmZUlV38hAmNzs/B6GbzFQ4uGctW/O\n"
    "jwBf20mgwBz7rudblHpv7xnu6Vaah/V2leZyI8kH6BG7ozqDsmL5P9odjRjPZLlM\n"
    "SmftreTYYDPxgfQs1abtq42rTqZ5ZuRDxOz/hFU4KGVFYsHwIQuvfgeeMj/gVIMc\n"
    "3XdE8a/lTSsopCkskZDUIpw1ewiUZpSyk+b9S27jZD3kmmu0N+Zpiov/R1Qu2FgO\n"
    "EPy8ZlgT6MFN05WFgrgcZRLRF+gGQ6OOEJNG/nVS2tLbMowDAMDREb9zwpCV5cxB\n"
    "h7yU5x5nAgMBAAECggEARnRDRSuN1ccvBjl2WbNTFlzZkHixYON/x9+4VlJ5JarS\n"
    "Ywqk3X0E2WSfp9VpW9x847i1dwx0ip2/W0kCWmYDmRYHF03y3olNo3d4Yyb0OQjN\n"
    "XY+aP7x2UFRhirTW0dYdZez/xfrsyH+YHFDIDuMlhlwjFDoo/XBJMgfszLTWCJ07\n"
    "/zwTkOVcJzFW+B9/3znvwkpCyNNJcDSSnTV7AodiCaBQ8T4SfvRSmLMhVLz8qXJT\n"
    "yt4ObtgzIUDSI+UJ9bvTCa0MNGeWLlZJwsD4oKlK+lTTq0JhM8BE8pUf/hLH0uUd\n"
    "s748spOg2nvtHbIyj5BmqerVLUbiZN+tsQxEW/5lIQKBgQDQf/0SUrlZzWweOV0d\n"
    "2ykpkJG7QDIBX1P0Rjey0i4IPA4Y+CxNCQT46Eu7gx7hqvDj9C0Y8U0lx7GcND1m\n"
    "NETy1j79piVIecWC7dZc/3NpGJen/JLpx+iQMiV9Ydyy7JBSUbOIGxAlT3DC8O94\n"
    "jpE0pWbZjN+gLzRGeuC/ROh1MQKBgQC6uowS7Jj0lRwhMUDTBBkFScg1kzsSMt9U\n"
    "WTKG9GArw12FrQpf0bPbI9IjhTizd7JwpJ5CPSVRIar/WBavHgGZfCyaiW64YDPt\n"
    "Qe72Kvf6lCVlgc2L8WUqBjU1Konrd7U3x/qW46ZxsHR6mSlhxaS1ZCx8lkCCoxlH\n"
    "x1xl0sRHFwKBgEbwZRCI6NtvEywtZEs2OAkWUR8etmTVJGFmSqki7dqLZFiGh7wm\n"
    "J3TwxGOmNymc2Z0VhQqJfzAtg3acJ4/QlOzyjDgNAX5pQBROC7NUjtXhMihLvUih\n"
    "ZbU5+ptwYoDWEDyR472ZR6MKJlmNVEz2ZN0+sYGvdp6vsN+SC0nIjjbhAoGAUdIe\n"
    "QMiVuU6BNfYsDorUH+IVrYwnLTFHdOFk54e7gFGp8EJDsnrkEZkfolrk3pcLhJpN\n"
    "kn7SlDtpf1vtDKzcTJIBxXGFJ5tYBZWHjSyE3rL9s/3twG11Q7XWqMZMCva4XInv\n"
    "PyDftR952qK0ZFhDdQxBBhKcj+HB2Rb9YMy7Ht8CgYEArPFiKbLPnTRdjj8/yLuM\n"
    "JLQgyxGt+P+fpWXTe2m6Mg9/E0zCuO/Buzh5cltiHod6aIdWeG7/cMT8deJeVguM\n"
    "nhp8ZGAG085BtsuAfeT4kCdobGY7VZxrOteNPWfRSTbkIwTjRJnWsyJC5TBaLW1G\n"
    "Kmi8v7jmOqgQOmEpSFcDdts=\n"
    "-----END PRIVATE KEY-----\n";

#endif
