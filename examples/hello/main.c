/* The smallest service: one route.
 *
 *     hello --bind 127.0.0.1:8000
 *     curl http://127.0.0.1:8000/ */
#include <hoot/hoot.h>

static hoot_response *hello(hoot_request *req)
{
    return hoot_json(req, 200, hoot_object("hello", "world"));
}

static hoot_app *make_app(hoot_error *err)
{
    hoot_app *app = hoot_app_new("hello", err);

    if (app && hoot_app_route(app, "GET", "/", hello, err) == 0)
        return app;
    hoot_app_free(app);
    return NULL;
}

int main(int argc, char **argv)
{
    return hoot_main(make_app, argc, argv);
}
