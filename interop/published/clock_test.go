package published

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/imm-go/imm/interop/program"
)

// Where the server's clock is an hour off, every call of a published core is
// refused. Our client's first request is refused as well; it learns the time from
// that answer, and nothing after it is refused.
func TestAClockThatIsOffIsRefusedAndOurClientCorrectsIt(t *testing.T) {
	t.Parallel()
	for _, offset := range []string{"1h", "-1h", "16m", "-16m"} {
		t.Run(offset, func(t *testing.T) {
			t.Parallel()
			e := program.Start(t, "-clock-offset", offset)
			us := newOurs(t, e, rightKeys)
			for range 3 {
				requireRefusal(t, us.must(&accepted), http.StatusNotFound, "ResourceNotFound")
			}
			var codes []string
			for _, r := range e.Requests(accepted.Action) {
				codes = append(codes, r.Code)
			}
			require.Equal(t, []string{"InvalidTimeStamp.Expired", "ResourceNotFound", "ResourceNotFound", "ResourceNotFound"}, codes)
			each(t, func(t *testing.T, c core, where place) {
				requireRefusal(t, c.client(t, e, rightKeys, where).must(&accepted), http.StatusBadRequest, "InvalidTimeStamp.Expired")
			})
		})
	}
	e := program.Start(t, "-clock-offset", "14m")
	each(t, func(t *testing.T, c core, where place) {
		requireRefusal(t, c.client(t, e, rightKeys, where).must(&accepted), http.StatusNotFound, "ResourceNotFound")
	})
}
