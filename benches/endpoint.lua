-- What benches/endpoint.sh has wrk send. Environment: BENCH_TOKEN; BENCH_SEND, `find` or `create`; BENCH_NAMES, a file of
-- encoded user names, one a line, for `find`; BENCH_PREFIX, what names begin with, for `create`.

local headers = { ["Authorization"] = "Bearer " .. os.getenv("BENCH_TOKEN") }
local with_body = { ["Authorization"] = headers["Authorization"], ["Content-Type"] = "application/scim+json; charset=utf-8" }
local prefix = os.getenv("BENCH_PREFIX") or "bench"
local names, number = {}, 0

function init()
    math.randomseed(7)
    if os.getenv("BENCH_SEND") == "find" then
        for name in io.lines(os.getenv("BENCH_NAMES")) do names[#names + 1] = name end
    end
end

local function find()
    local name = names[math.random(#names)]
    return wrk.format("GET", "/scim/v2/Users?filter=userName+eq+%22" .. name .. "%22", headers)
end

local function create()
    number = number + 1
    local name = prefix .. "." .. number
    local body = string.format(
        '{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"active":true,"displayName":"Ann Huber %d","title":'
        .. '"Engineer","emails":[{"primary":true,"type":"work","value":"%s@contoso.com"}],"preferredLanguage":"de-CH",'
        .. '"name":{"givenName":"Ann","familyName":"Huber","formatted":"Ann Huber"},"userName":"%s@contoso.com",'
        .. '"externalId":"%s","meta":{"resourceType":"User"}}',
        number, name, name, name)
    return wrk.format("POST", "/scim/v2/Users", with_body, body)
end

request = os.getenv("BENCH_SEND") == "find" and find or create

function done(summary, latency)
    local errors = summary.errors
    local failed = errors.connect + errors.read + errors.write + errors.status + errors.timeout
    io.stderr:write(string.format("%.0f %d\n", summary.requests / (summary.duration / 1e6), failed))
end
