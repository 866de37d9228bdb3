// Logs in with the OS_ variables, and prints the token and the projects, as JSON.
package main

import (
	"encoding/json"
	"log"
	"os"

	"github.com/gophercloud/gophercloud"
	"github.com/gophercloud/gophercloud/openstack"
	"github.com/gophercloud/gophercloud/openstack/identity/v3/projects"
)

func main() {
	log.SetFlags(0)
	options, err := openstack.AuthOptionsFromEnv()
	check(err)
	provider, err := openstack.AuthenticatedClient(options)
	check(err)
	identity, err := openstack.NewIdentityV3(provider, gophercloud.EndpointOpts{})
	check(err)
	pages, err := projects.List(identity, projects.ListOpts{}).AllPages()
	check(err)
	found, err := projects.ExtractProjects(pages)
	check(err)
	names := []string{}
	for _, project := range found {
		names = append(names, project.Name)
	}
	json.NewEncoder(os.Stdout).Encode(map[string]any{"token": provider.TokenID, "projects": names})
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
