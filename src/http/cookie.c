/* Reading cookies (RFC 6265 section 4.2): "name=value; name=value".
 *
 * Split at every ';', as browsers do, quotes or not. Parts without '=' and parts that no server of ours could
 * have set are stepped over: other sites on the same domain set cookies too, and a broken one must not log
 * anybody out. Among several of one name the first wins: browsers send the one with the longest path first.
 */
#include "http/message.h"

static hoot_str unquoted(hoot_str value)
{
    if (value.len >= 2 && value.ptr[0] == '"' && value.ptr[value.len - 1] == '"')
        return hoot_str_of(value.ptr + 1, value.len - 2);
    return value;
}

bool hoot__cookie_find(hoot_str cookie_header, hoot_str name, hoot_str *out)
{
    hoot_str part, value;

    while (hoot_str_split(&cookie_header, ';', &part)) {
        ptrdiff_t equals = hoot_str_find(part, '=');

        if (equals < 0 || !hoot_str_equal(hoot_str_trim(hoot_str_head(part, (size_t)equals), " \t"), name))
            continue;
        value = hoot_str_of(part.ptr + equals + 1, part.len - (size_t)equals - 1);
        *out = unquoted(hoot_str_trim(value, " \t"));
        return true;
    }
    return false;
}
