# Warnings, hardening and sanitizers for every target of this repository.

# Route tables name only the fields they set: { "GET", "/session", check_session }.
add_compile_options(-Wall -Wextra -Wno-missing-field-initializers $<$<COMPILE_LANGUAGE:C>:-Wshadow> -Wvla)
if(HOOT_WERROR)
    add_compile_options(-Werror)
endif()

# Code that libFuzzer can see the coverage of; the fuzz targets add libFuzzer itself.
if(HOOT_FUZZ)
    add_compile_options(-fsanitize=fuzzer-no-link)
    add_link_options(-fsanitize=fuzzer-no-link)
endif()

if(HOOT_SANITIZE)
    add_compile_options(-fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer)
    add_link_options(-fsanitize=address,undefined)
else()
    # Sanitizers widen every frame, so the limit is only meaningful without them.
    add_compile_options(-Wframe-larger-than=4096)
    add_compile_options($<$<CONFIG:Release>:-D_FORTIFY_SOURCE=2> -fstack-protector-strong)
    add_link_options(-Wl,-z,relro,-z,now)
endif()
